FROM node:22-bookworm-slim AS build
COPY . /source
RUN /source/scripts/image.sh /source /app

FROM node:22-bookworm-slim
COPY --from=build /app /app
RUN mkdir -p /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8545
ENTRYPOINT ["node", "/app/dist/client/main.js", "--datadir", "/data"]
CMD ["--dev", "--http.addr", "0.0.0.0"]
