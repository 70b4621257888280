import { describe, expect, it, test } from "vitest";
import { readNamedQuery } from "../../../src/features/accountdata/domain/named-query.ts";
import { readSourcesFile } from "../../../src/features/accountdata/index.ts";

const targets = { hosts: undefined, privateHosts: ["crm.internal"] };
const variable = (name: string) => `$\{${name}}`;

function read(text: string, variables: Record<string, string> = { CRM_URL: "postgresql://r:s3cret@db/crm" }) {
  return readSourcesFile({ path: "/etc/sayso/sources.yaml", text, variables }, targets);
}

const whole = `
hosts: [crm.internal, shop.example]
sources:
  - name: crm
    title: Customer database
    kind: postgresql
    url: ${variable("CRM_URL")}
    timeoutSeconds: 5
    sections:
      account:
        query: select name from customer where phone = :phone
      devices: { query: "select model from device where id = :externalId", list: devices }
  - name: web
    kind: http
    url: http://crm.internal/person
    headers: { authorization: "Bearer ${variable("TOKEN")}" }
    sections: { profile: { at: /profile } }
    notify: { url: https://shop.example/erased }
  - name: club
    kind: csv
    file: club.csv
    match: { phone: Mobile }
    sections:
      loyalty: { fields: { card: Card, points: { column: Points, as: number } } }
  - name: app
    kind: json
    file: /data/app.ndjson
    match: { email: /mail }
    sections: { settings: { at: /settings } }
`;

test("a file describes every kind of source, with secrets from the variables that it names", () => {
  const { sources } = read(whole, { CRM_URL: "postgresql://r:s3cret@db/crm", TOKEN: "t0ken" });
  expect(sources).toMatchObject([
    { name: "crm", url: "postgresql://r:s3cret@db/crm", timeoutSeconds: 5 },
    { headers: { authorization: "Bearer t0ken" }, timeoutSeconds: 10 },
    { file: "/etc/sayso/club.csv", delimiter: "," },
    { file: "/data/app.ndjson" },
  ]);
});

test("without a file there are no sources", () => {
  expect(readSourcesFile(undefined, targets).sources).toEqual([]);
});

const refused: [string, (text: string) => string, string][] = [
  ["that is no YAML", () => "sources: [", "line 1: "],
  [
    "with a field that there is not",
    (text) => text.replace("title:", "titel:"),
    "line 5, sources.0.titel: There is no such field.",
  ],
  [
    "with a password in it",
    (text) => text.replace(variable("CRM_URL"), "postgresql://r:s3cret@db/crm"),
    "line 7, sources.0.url: Write the password as",
  ],
  [
    "with a token in it",
    (text) => text.replace(variable("TOKEN"), "t0ken"),
    "line 16, sources.1.headers.authorization: Write the secret as",
  ],
  [
    "with a variable that is not set",
    (text) => text.replace("TOKEN", "NO_TOKEN"),
    "The variable NO_TOKEN is not set.",
  ],
  [
    "with a query about everybody",
    (text) => text.replace(" where phone = :phone", ""),
    "line 11, sources.0.sections.account.query: A query asks about one person",
  ],
  [
    "with a variable in a query",
    (text) => text.replace(":phone", variable("CRM_URL")),
    "Variables have no place in a query.",
  ],
  [
    "with a host that is not listed",
    (text) => text.replace("[crm.internal, ", "["),
    "sources.1.url: List its host under hosts: first.",
  ],
  [
    "with plain http to everybody's host",
    (text) => text.replace("https://shop", "http://shop"),
    "sources.2.notify.url: Must begin with https://",
  ],
  [
    "with two sources of one name",
    (text) => text.replace("name: web", "name: crm"),
    "line 13, sources.1.name: Another source is called this.",
  ],
  [
    "with a section that Sayso fills itself",
    (text) => text.replace("loyalty", "consents"),
    "Sayso fills this section itself.",
  ],
  [
    "with a row that says nothing of whose it is",
    (text) => text.replace("{ phone: Mobile }", "{}"),
    "sources.2.match: Say where a row has",
  ],
  [
    "with aliases of aliases",
    () =>
      `a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nsources: [*c,*c,*c,*c]`,
    "it repeats its parts (aliases) too often",
  ],
];
describe("a file", () => {
  it.each(refused)("%s is refused with its place, and no secret", (_what, change, message) => {
    const reading = () => read(change(whole), { CRM_URL: "postgresql://r:s3cret@db/crm", TOKEN: "t0ken" });
    expect(reading).toThrow(message.replace("sources.2.notify", "sources.1.notify"));
    expect(reading).not.toThrow(/s3cret|t0ken/);
  });
});

const queries: [string, "postgresql" | "mysql", string, readonly string[]][] = [
  [
    "select a::text, ':phone', \":email\", $$ :x $$, E'it\\'s :y' from t where p = :phone::text or e = :email or q = :phone -- :zz\n;",
    "postgresql",
    "select a::text, ':phone', \":email\", $$ :x $$, E'it\\'s :y' from t where p = $1::text or e = $2 or q = $1 -- :zz",
    ["phone", "email"],
  ],
  [
    "select `a:phone`, ':x\\'' from t where p = :phone and q = :phone # :foo",
    "mysql",
    "select `a:phone`, ':x\\'' from t where p = ? and q = ? # :foo",
    ["phone", "phone"],
  ],
  [
    "select $t$ :a $t$, a[1:2] from t where x = :externalId /* :b */",
    "postgresql",
    "select $t$ :a $t$, a[1:2] from t where x = $1 /* :b */",
    ["externalId"],
  ],
];
test.each(queries)(
  "named places become bound ones, and what is text, name or comment stays: %s",
  (text, dialect, written, places) => {
    expect(readNamedQuery(text, dialect)).toEqual({ text: written, places });
  },
);

test.each([
  ["delete from t where p = :phone", "begins with SELECT or WITH"],
  ["select :phone; drop table t", "one statement"],
  ["select ?, :phone", "for ?"],
  ["select 'a, :phone", "is not closed"],
  ["select :number", "There is no :number"],
  ["select :phone /*! into outfile 'x' */", "MySQL carries out"],
])("%s is no query", (text, problem) => {
  expect(readNamedQuery(text, "mysql")).toEqual({ problem: expect.stringContaining(problem) });
});
