// Fetches a page with what a browser has, in Node, Deno and Bun: fetch.mjs URL
import process from "node:process";

const response = await fetch(process.argv[2]);
await response.text();
process.exit(response.ok ? 0 : 1);
