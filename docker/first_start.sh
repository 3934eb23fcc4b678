#!/bin/sh
# Bring the database up to date and give the machines their tokens; safe to run at every start.
set -eu
python manage.py migrate --noinput
python manage.py sync_catalogue
python manage.py sync_metrics
python manage.py sync_timetable
python manage.py issue_token --kind exporter --exporter-kind cubic --name "Cubic exporter" \
    --output /run/remosa/exporter/token --if-missing
python manage.py issue_token --kind exporter --exporter-kind addreality --name "AddReality exporter" \
    --output /run/remosa/addreality/token --if-missing
python manage.py issue_token --kind exporter --exporter-kind json --name "JSON exporter" \
    --output /run/remosa/json/token --if-missing
python manage.py issue_token --kind discovery --name "Prometheus" \
    --output /run/remosa/prometheus/token --if-missing
# Prometheus runs as a user of its own and is the only one that has this volume.
chmod 0444 /run/remosa/prometheus/token
