/**
 * Records with few and many labels in turn. Prints as JSON the cost of a sample, ns, by the number
 * of labels and by round. Arguments: directory, the numbers of labels.
 */

import process from "node:process";
import * as monitor from "@kymo/kymo";
import { checkOutcome, takeRows } from "../../harness/published_files.ts";
import { alternate, type Body } from "../../harness/rounds.ts";

const ROUNDS = 5;
const TIMES = 200_000;

const [directory = "", ...numbers] = process.argv.slice(2);

/**
 * Uses one label after the other, which repeats each as seldom as possible. The strings exist
 * already, as those of a caller do.
 */
function body(number: number): Body {
  const labels = Array.from({ length: number }, (_, i) => `label ${i}`);
  return (times) => {
    for (let i = 0, next = 0; i < times; i++) {
      monitor.stopDurationSample(labels[next]!, monitor.startDurationSample());
      if (++next === number) next = 0;
    }
  };
}

monitor.start({ monitoringDir: directory, flushInterval: 0 });
const taken = await alternate(Object.fromEntries(numbers.map((number) => [number, body(Number(number))])), {
  rounds: ROUNDS,
  times: TIMES,
});
await monitor.stop();
const samples = (ROUNDS + 1) * TIMES * numbers.length;
checkOutcome(monitor.status(), samples);
const rows = takeRows(directory);
if (rows !== samples) throw new Error(`Cannot measure: ${rows} of ${samples} rows are there`);
console.log(JSON.stringify(taken));
