import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

const masterKey = Buffer.alloc(32, 7).toString("base64");

test("without any variable the service listens on this machine only and brings its own database", () => {
  expect(readConfig({})).toMatchObject({
    port: 8080,
    host: "127.0.0.1",
    databaseUrl: undefined,
    masterKey: undefined,
    dataDir: "./data",
    whatsappAppSecrets: [],
    logLevel: "info",
  });
});

test("variables that are set to nothing count as not set", () => {
  expect(readConfig({ PORT: "", DATABASE_URL: "", SAYSO_MASTER_KEY: "", PUBLIC_URL: "" })).toEqual(
    readConfig({}),
  );
});

test("everything that is wrong is said at once, each with the variable's name", () => {
  const read = () =>
    readConfig({
      PORT: "eighty",
      DATABASE_URL: "mysql://db/sayso",
      SAYSO_MASTER_KEY: "c2hvcnQ=",
      PUBLIC_URL: "consent.shop.example",
      LOG_LEVEL: "loud",
    });
  for (const name of ["PORT", "DATABASE_URL", "SAYSO_MASTER_KEY", "PUBLIC_URL", "LOG_LEVEL"]) {
    expect(read).toThrow(new RegExp(`^- ${name} `, "m"));
  }
  expect(read).toThrow("openssl rand -base64 32");
});

test.each(["-1", "65536", "80.5", "0x"])("PORT=%s is refused", (PORT) => {
  expect(() => readConfig({ PORT })).toThrow("PORT");
});

test("a database of one's own needs a master key of one's own", () => {
  const DATABASE_URL = "postgres://sayso@db.example/sayso";
  expect(() => readConfig({ DATABASE_URL })).toThrow(/SAYSO_MASTER_KEY must be set when DATABASE_URL is/);
  expect(readConfig({ DATABASE_URL, SAYSO_MASTER_KEY: masterKey }).masterKey).toEqual(Buffer.alloc(32, 7));
});

test("a message about a secret that cannot be used does not repeat it", () => {
  const secret = Buffer.alloc(31, 9).toString("base64");
  let message = "";
  try {
    readConfig({ SAYSO_MASTER_KEY: secret, DATABASE_URL: "sayso:hunter2@db" });
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain("SAYSO_MASTER_KEY");
  expect(message).not.toContain(secret);
  expect(message).not.toContain("hunter2");
});

test("several app secrets are separated by commas, and the public URL ends without a slash", () => {
  const config = readConfig({
    WHATSAPP_APP_SECRET: " one, two ,,",
    PUBLIC_URL: "https://consent.shop.example/",
  });
  expect(config.whatsappAppSecrets).toEqual(["one", "two"]);
  expect(config.publicUrl).toBe("https://consent.shop.example");
});

test("proxies that are believed are addresses or networks", () => {
  expect(
    readConfig({ TRUSTED_PROXIES: " loopback, 10.0.0.0/8,2001:db8::/32 , 192.0.2.7" }).trustedProxies,
  ).toEqual(["loopback", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]);
  for (const wrong of [
    "everyone",
    "10.0.0.0/33",
    "2001:db8::/129",
    "10.0.0.0/8/8",
    "10.0.0.0/255.0.0.0",
    "*",
  ])
    expect(() => readConfig({ TRUSTED_PROXIES: `loopback,${wrong}` })).toThrow(
      /TRUSTED_PROXIES must be addresses/,
    );
});

test("what codes are sent with is set together, and a token travels under TLS or to a host that is named", () => {
  const whatsapp = {
    WHATSAPP_SEND_TOKEN: "token-that-nobody-reads",
    WHATSAPP_SEND_PHONE_NUMBER_ID: "106540352242922",
    WHATSAPP_CODE_TEMPLATE: "code",
  };
  expect(readConfig(whatsapp).gateways).toEqual({
    whatsapp: {
      url: "https://graph.facebook.com/v24.0",
      token: "token-that-nobody-reads",
      phoneNumberId: "106540352242922",
      codeTemplate: "code",
    },
    sms: undefined,
  });
  const { WHATSAPP_CODE_TEMPLATE: _, ...incomplete } = whatsapp;
  expect(() => readConfig(incomplete)).toThrow(/WHATSAPP_CODE_TEMPLATE are set together/);
  expect(() => readConfig(incomplete)).not.toThrow(/nobody-reads/);
  const sms = { SMS_URL: "http://sms.internal/send", SMS_TOKEN: "another-token" };
  expect(() => readConfig(sms)).toThrow(/SMS_URL Must begin with https/);
  expect(readConfig({ ...sms, OUTGOING_PRIVATE_HOSTS: "sms.internal" }).gateways.sms).toEqual({
    url: "http://sms.internal/send",
    token: "another-token",
  });
  expect(() => readConfig({ SMS_TOKEN: "another-token" })).toThrow(/SMS_URL and SMS_TOKEN are set together/);
});
