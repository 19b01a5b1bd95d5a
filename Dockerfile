# The services behind the station in a container; everything is kept in the volume /data.
#   docker build -t pncsim .
#   docker run --rm -p 127.0.0.1:8180:8180 -v pncsim:/data pncsim
# Plain HTTP for this machine, as above; for others give what comes last yourself: ... pncsim --tls --name pools.example
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[postgresql]'

FROM python:3.11-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels 'pncsim[postgresql]' && rm -r /wheels \
 && useradd --system --create-home pnc && install -d -o pnc -m 0700 /data
USER pnc
VOLUME /data
# The services; OCSP and revocation lists beside HTTPS; vehicles
EXPOSE 8180 8181 8182
STOPSIGNAL SIGTERM
ENTRYPOINT ["pnc", "serve", "ecosystem", "--host", "0.0.0.0", "--data", "/data", "--telematics-port", "8182"]
CMD ["--no-tls", "--name", "localhost"]
