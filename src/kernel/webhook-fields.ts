/** The fields of WhatsApp's webhooks that have an effect here. Source: Meta, "Webhooks reference". */
export const webhookFields = [
  "messages",
  "standby",
  "calls",
  "user_preferences",
  "user_id_update",
  "message_template_status_update",
  "template_category_update",
  "message_template_quality_update",
  "account_update",
  "phone_number_quality_update",
] as const;
