import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

/** Signs what OpenDSR answers and tells (specification 2.0, sections 4.2 and 8.3). */
export interface OpendsrSigner {
  /** The domain that the certificate is for: the one that requests come in at. */
  readonly domain: string;
  /** PEM, the whole chain as the operator gave it. */
  readonly certificate: string;
  /** Base64 signature of the SHA-256 digest of a body. */
  readonly sign: (body: string) => string;
}

/**
 * Reads the operator's certificate and its key. Throws an Error with a plain sentence when they do not belong together, are
 * not for the host of `publicUrl`, or the certificate is its own issuer: the specification (section 4.1) refuses that.
 */
export async function readOpendsrSigner(
  files: { readonly certificateFile: string; readonly keyFile: string },
  publicUrl: string,
): Promise<OpendsrSigner> {
  const [certificate, keyText] = await Promise.all([
    readFile(files.certificateFile, "utf8"),
    readFile(files.keyFile, "utf8"),
  ]);
  const first = new X509Certificate(certificate);
  const key = createPrivateKey(keyText);
  const domain = new URL(publicUrl).hostname;
  if (!first.checkPrivateKey(key)) {
    throw new Error("OPENDSR_KEY_FILE is not the key of OPENDSR_CERTIFICATE_FILE.");
  }
  if ((isIP(domain) === 0 ? first.checkHost(domain) : first.checkIP(domain)) === undefined) {
    throw new Error(`OPENDSR_CERTIFICATE_FILE is not for ${domain}, the host of PUBLIC_URL.`);
  }
  if (first.checkIssued(first)) {
    throw new Error(
      "OPENDSR_CERTIFICATE_FILE is its own issuer: OpenDSR asks for one of a certificate authority.",
    );
  }
  return { domain, certificate, sign: signerOf(key) };
}

/**
 * A certificate to try things out with, issued by itself and gone with the process: nobody but this machine's user should
 * trust it. It begins a day before `now` and lasts a year.
 */
export function trialOpendsrSigner(publicUrl: string, now: Date): OpendsrSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const domain = new URL(publicUrl).hostname;
  const certificate = makeCertificate({
    host: domain,
    publicKey,
    issuer: { name: domain, key: privateKey },
    now,
  });
  return { domain, certificate, sign: signerOf(privateKey) };
}

function signerOf(key: KeyObject): OpendsrSigner["sign"] {
  return (body) => sign("sha256", Buffer.from(body), key).toString("base64");
}

/** A certificate (RFC 5280) of a host for a year, signed by a P-256 key (ECDSA with SHA-256). PEM. */
export function makeCertificate({
  host,
  publicKey,
  issuer,
  now,
}: {
  readonly host: string;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly now: Date;
}): string {
  const day = 86_400_000;
  const algorithm = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));
  const address =
    isIP(host) === 4 ? der(0x87, Buffer.from(host.split(".").map(Number))) : der(0x82, Buffer.from(host));
  const alternativeName = der(0x30, Buffer.from("0603551d11", "hex"), der(0x04, der(0x30, address)));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    nameOf(issuer.name),
    der(0x30, timeOf(new Date(now.getTime() - day)), timeOf(new Date(now.getTime() + 365 * day))),
    nameOf(host),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, alternativeName)),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, issuer.key));
  // Lines of 64 (RFC 7468), and no empty one at the end: OpenSSL would not read it.
  const lines =
    der(0x30, body, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** One element of DER: its tag, its length, and what is in it. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

/** A name of one part, the common name. */
function nameOf(commonName: string): Buffer {
  return der(
    0x30,
    der(0x31, der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(commonName)))),
  );
}

function timeOf(instant: Date): Buffer {
  return der(0x18, Buffer.from(`${instant.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`));
}
