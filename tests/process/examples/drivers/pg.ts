/**
 * Records queries with the lines of the guide, and prints what they say.
 *
 * Arguments: the directory, and the address of a database that has orders.
 */

import { start, stop } from "@kymo/kymo";
import process from "node:process";
import { timeIt } from "@kymo/kymo";
import pg from "pg";

const [, , monitoringDir = "", connectionString = ""] = process.argv;
start({ monitoringDir });
const pool = new pg.Pool({ connectionString });
const select = "SELECT id FROM orders WHERE state = $1";
const ordersOf = timeIt("pg: orders of a state")((state: string) => pool.query(select, [state]));
const results = await Promise.all([ordersOf("open"), ordersOf("closed")]);
console.log(JSON.stringify(results.map(({ rows }) => rows)));
await pool.end();
await stop();
