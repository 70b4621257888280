/** WhatsApp's kinds of message. */
export const categories = ["marketing", "utility", "authentication", "service"] as const;
export const lawfulBases = ["consent", "contract", "legal_obligation", "legitimate_interest"] as const;

/** The purposes that every organization has from the start. */
export const firstPurposes = [
  {
    key: "promotions",
    name: "Offers and news",
    description: "Offers, discounts and news of the business.",
    category: "marketing",
    lawfulBasis: "consent",
  },
  {
    key: "order_updates",
    name: "Order updates",
    description: "Confirmation, dispatch, delivery and return of what was ordered.",
    category: "utility",
    lawfulBasis: "contract",
  },
  {
    key: "sign_in_codes",
    name: "Sign-in codes",
    description: "One-time codes to sign in or to confirm an action.",
    category: "authentication",
    lawfulBasis: "contract",
  },
  {
    key: "support",
    name: "Answers to questions",
    description: "Replies to what people write to the business.",
    category: "service",
    lawfulBasis: "legitimate_interest",
  },
] as const;
