/**
 * Records queries with the lines of the guide, and prints what they say. Bun only.
 *
 * Argument: the directory.
 */

import { start, stop } from "@kymo/kymo";
import process from "node:process";
import { timeIt } from "@kymo/kymo";
import { Database } from "bun:sqlite"; // on Bun only

start({ monitoringDir: process.argv[2]! });
const database = new Database(":memory:");
database.run("CREATE TABLE orders AS SELECT 17 AS id, 'open' AS state");
const select = database.query("SELECT id FROM orders WHERE state = ?");
const ordersOf = timeIt("sqlite: orders of a state")((state: string) => select.all(state));
console.log(JSON.stringify([ordersOf("open"), ordersOf("closed")]));
await stop();
