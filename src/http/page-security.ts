import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

// The style sheet stands in every page between <style> and </style>, to the letter. A browser hashes it after it
// has read the page's line ends as \n.
const style = readFileSync(new URL("../../templates/partials/page-style.hbs", import.meta.url), "utf8");
const styleHash = createHash("sha256").update(style.replace(/\r\n?/g, "\n")).digest("base64");

/**
 * The Content-Security-Policy of every page for people (W3C CSP Level 3): nothing loads, nothing runs, one known
 * style sheet applies, forms go to ourselves only, and nobody frames the page to have its button pressed unseen.
 */
export const pageContentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/**
 * The headers of every page for people. The address holds a token, so it is never sent on, stored or indexed.
 * With this Referrer-Policy browsers post the page's own forms with `Origin: null`: the token is what is
 * checked, never the origin.
 */
export const pageHeaders = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": pageContentSecurityPolicy,
  "Referrer-Policy": "no-referrer",
  "X-Robots-Tag": "noindex, nofollow",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
} as const;
