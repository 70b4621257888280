import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The Chromium of this machine (`CHROMIUM_PATH` first), or undefined when it has none, which is said aloud. */
export const chromiumPath = places.find((path) => path !== undefined && existsSync(path));

if (chromiumPath === undefined) {
  console.warn(
    "\nNOT TESTED IN A BROWSER: this machine has no Chromium. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.\n",
  );
}

/** Starts Chromium with a throw-away profile and without talking to anyone. */
export async function startChromium(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("This machine has no Chromium.");
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}
