// What spreadsheets take for a formula when a cell begins with it (OWASP, CSV Injection), full-width forms included.
const opensFormula = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;
const isGuarded = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;
const phoneNumber = /^\+\d{5,15}$/;

/**
 * A text as a cell of a CSV file that spreadsheets show and do not compute: one that would be a formula gets an
 * apostrophe in front. Phone numbers (E.164) stay as they are. `unguardCell` gives the text back, whatever it was.
 */
export function guardCell(text: string): string {
  return opensFormula.test(text) && !phoneNumber.test(text) ? `'${text}` : text;
}

/** The text that guardCell made a cell of. */
export function unguardCell(cell: string): string {
  return isGuarded.test(cell) ? cell.slice(1) : cell;
}
