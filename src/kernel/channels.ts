/** Channels that people are written to on, and agree to by their name. */
export const channels = ["whatsapp", "sms", "email", "viber", "telegram"] as const;
