/** The headers of an archive on its way to somebody: a file to keep, which nothing in between keeps a copy of. */
export function zipHeaders(requestId: string, bytes: number): Record<string, string> {
  return {
    "Content-Type": "application/zip",
    "Content-Length": String(bytes),
    "Content-Disposition": `attachment; filename="${requestId}.zip"`,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
  };
}
