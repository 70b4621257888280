import Handlebars from "handlebars";
import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { findPoint } from "./manage-collection-points.ts";
import { widgetRelease } from "./widget-release.ts";

/**
 * What a shop pastes into its pages to show a collection point there: a script tag that runs this one release and no
 * other, and what its Content-Security-Policy must let through. Throws `not_found`, and `conflict` for a point that is
 * not shown in place or has no chat to offer.
 */
export async function writeSnippet(ctx: Context, id: string) {
  const { kind, publicKey, origins, chat } = await findPoint(ctx, id);
  if (!["widget", "checkbox", "click_to_chat"].includes(kind)) {
    throw new SaysoError(
      "conflict",
      "Only a widget, a checkbox and a click to chat are shown in other pages.",
    );
  }
  if (kind === "click_to_chat" && chat === null) {
    throw new SaysoError("conflict", "This collection point has no chat to open. Give it one: `chat`.");
  }
  const { publicUrl } = ctx.services;
  const key = formatId("pub", publicKey);
  const src = `${publicUrl}/widget/${widgetRelease.sha256}.js`;
  const script = (more: object) =>
    tag("script", { async: "", src, integrity: widgetRelease.integrity, crossorigin: "anonymous", ...more });
  const isCheckbox = kind === "checkbox";
  return {
    html: isCheckbox
      ? `${tag("sayso-checkbox", { "data-key": key })}\n${script({})}`
      : script({ "data-key": key, ...(kind === "click_to_chat" ? { "data-mode": "chat" } : {}) }),
    script: { src, integrity: widgetRelease.integrity, newest: `${publicUrl}/widget.js` },
    contentSecurityPolicy: {
      "script-src": new URL(publicUrl).origin,
      "connect-src": new URL(publicUrl).origin,
    },
    fields: isCheckbox ? { consent: "sayso_consent", captureToken: "sayso_capture_token" } : null,
    origins: [...origins],
  };
}

function tag(name: string, attributes: Readonly<Record<string, string>>): string {
  const written = Object.entries(attributes).map(([attribute, value]) =>
    value === ""
      ? attribute
      : `${attribute}="${Handlebars.escapeExpression(value).replaceAll("&#x3D;", "=")}"`,
  );
  return `<${[name, ...written].join(" ")}></${name}>`;
}
