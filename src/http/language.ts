import type { Context } from "hono";
import type { Language } from "../kernel/language.ts";

/** The best of our languages that the caller asks for (Accept-Language, RFC 9110); English otherwise. */
export function preferredLanguage(c: Context): Language {
  const asked = (c.req.header("accept-language") ?? "").split(",").map((entry) => {
    const [tag = "", ...parameters] = entry.trim().toLowerCase().split(";");
    const quality = parameters.map((parameter) => /^\s*q=([\d.]+)/.exec(parameter)?.[1]).find(Boolean);
    return { language: tag.split("-")[0], quality: quality === undefined ? 1 : Number(quality) };
  });
  const known = asked.filter(
    ({ language, quality }) => (language === "en" || language === "ru") && quality > 0,
  );
  known.sort((a, b) => b.quality - a.quality);
  return known[0]?.language === "ru" ? "ru" : "en";
}

/** The language of a page: what its switch says (`?lang=ru`), else what the browser asks for. */
export function pageLanguage(c: Context): Language {
  const chosen = c.req.query("lang");
  return chosen === "ru" || chosen === "en" ? chosen : preferredLanguage(c);
}
