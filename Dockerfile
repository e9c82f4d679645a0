# One image for the three services of docker-compose.yml: migrate, pipeline, web.
FROM python:3.13.9-slim-trixie

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/shijing

# What WeasyPrint draws the PDF of a run's report with.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.txt ./
RUN pip install --require-hashes --requirement requirements.txt

# Editable: rules, plans and settings files stay where people look for them, under /srv/shijing/config.
COPY . .
RUN pip install --no-deps --editable . \
    && python -m web.assets \
    && useradd --system --uid 10001 shijing

USER shijing
ENTRYPOINT ["shijing"]
