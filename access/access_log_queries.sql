-- name: copy
copy access_log (at, account, method, route, status, ms, address) from stdin

-- name: list
select at, account, method, route, status, ms, address
from access_log
where (%(account)s::uuid is null or account = %(account)s)
  and (%(route)s::text is null or starts_with(route, %(route)s))
  and (not %(failed)s or status >= 400)
  and (%(since)s::timestamptz is null or at >= %(since)s)
  and (%(until)s::timestamptz is null or at < %(until)s)
  and (%(before)s::timestamptz is null or at < %(before)s)
order by at desc limit %(most)s
