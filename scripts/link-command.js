// Puts the built `sayso` command where `npx --no-install sayso` and npm scripts look first. A "bin" field in
// package.json would not do: npx then installs the checkout into its cache at the first call, which builds it again
// under a running service and fails for a user who may not write here.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

chmodSync(here("dist/cli.js"), 0o755);
mkdirSync(here("node_modules/.bin"), { recursive: true });
rmSync(here("node_modules/.bin/sayso"), { force: true });
symlinkSync("../../dist/cli.js", here("node_modules/.bin/sayso"));
