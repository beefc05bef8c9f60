/**
 * Records queries with the lines of the guide, and prints what they say.
 *
 * Arguments: the directory, and the address of a database that has orders.
 */

import { start, stop } from "@kymo/kymo";
import process from "node:process";
import { timeIt } from "@kymo/kymo";
import postgres from "postgres";

const [, , monitoringDir = "", connectionString = ""] = process.argv;
start({ monitoringDir });
const sql = postgres(connectionString);
const ordersOf = timeIt("postgres: orders of a state")((state: string) =>
  sql`SELECT id FROM orders WHERE state = ${state}`
);
console.log(JSON.stringify(await Promise.all([ordersOf("open"), ordersOf("closed")])));
await sql.end();
await stop();
