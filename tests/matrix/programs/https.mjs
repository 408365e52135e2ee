// Fetches a page with Node's own client: https.mjs URL
import https from "node:https";

https
  .get(process.argv[2], (response) => {
    response.resume();
    response.on("end", () => process.exit(response.statusCode === 200 ? 0 : 1));
  })
  .on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
