import { after, before, describe } from "node:test";
import { isFullSuite } from "../../../support/faults/suite_size.ts";
import { cannotTrace } from "../../../support/process/system_tools.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../../support/stores/clickhouse_server.ts";
import { HttpProxy } from "../../../support/stores/http_proxy.ts";
import { asStoredIn, rowsInClickHouse } from "../../../support/stores/shipped_rows.ts";
import { itSurvivesKills, type MetMessage } from "../../../support/stores/killed_shippers.ts";

for (const version of CLICKHOUSE_VERSIONS) {
  const skip = cannotServeClickHouse(version) || cannotTrace();
  describe(`a shipper to ClickHouse ${version} that is killed`, { skip }, () => {
    let server: ClickHouseServer;
    before(async () => void (server = await ClickHouseServer.start(version)));
    after(async () => await server[Symbol.asyncDispose]());

    itSurvivesKills({
      layouts: isFullSuite ? ["segments", "append"] : ["segments"],
      row: 21,
      async open(database) {
        const proxy = await HttpProxy.start(server.port);
        return {
          url: `clickhouse://127.0.0.1:${proxy.port}/${database}`,
          get messages() {
            return proxy.requests.length;
          },
          meet: (message) => meetRequest(proxy, message),
          rows: () => rowsInClickHouse(server, database),
          asStored: (rows) => asStoredIn(version, rows),
          [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
        };
      },
    });
  });
}

/** Does something before or after the server has a request, which is not answered. */
function meetRequest(proxy: HttpProxy, message: MetMessage | undefined): void {
  proxy.fault = async ({ number }, forward) => {
    if (message === undefined || number + 1 < message.number) return await forward();
    if (message.when === "after" && number + 1 === message.number) await forward();
    message.meet();
    return undefined;
  };
}
