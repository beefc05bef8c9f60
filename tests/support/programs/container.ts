/**
 * A service in a container, as `container.ts ROLE NAME DIRECTORY`. It records requests until its
 * input ends. One that leaks keeps some 20 MB each second; one that crashes throws after 0.2 s.
 */
import process from "node:process";
import { start, startDurationSample, stop, stopDurationSample } from "../../../mod.ts";

const [role, name = "", monitoringDir = ""] = process.argv.slice(2);

start({ monitoringDir, name, withRuntime: true, samplingInterval: 100, flushInterval: 1_000 });

const kept: number[][] = [];
const requests = setInterval(() => {
  const id = startDurationSample();
  if (role === "leaking") kept.push(Array.from({ length: 125_000 }, (_, i) => i + 0.5)); // 1 MB
  stopDurationSample(`/${name} [GET]`, id);
}, 50);
if (role === "crashing") {
  setTimeout(() => {
    throw new TypeError("out of stock");
  }, 200);
}
process.stdin.resume().on("end", async () => {
  clearInterval(requests);
  await stop();
  process.exit();
});
