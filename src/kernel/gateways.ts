/** Meta's Graph API as it takes messages of one number; or what stands in for it. */
export interface WhatsappGateway {
  /** With the version, without a slash at the end: `https://graph.facebook.com/v24.0`. */
  readonly url: string;
  readonly token: string;
  readonly phoneNumberId: string;
  /** The name of an approved authentication template, in `en` and `ru`, with a copy-code button. */
  readonly codeTemplate: string;
}

/** An HTTP gateway that takes short messages to phones. */
export interface SmsGateway {
  readonly url: string;
  readonly token: string;
}

/** Where short messages to people are handed over; undefined is what nobody configured. */
export interface Gateways {
  readonly whatsapp: WhatsappGateway | undefined;
  readonly sms: SmsGateway | undefined;
}
