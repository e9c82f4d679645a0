-- name: copy
copy access_log (at, account, method, route, status, ms, address) from stdin
