/**
 * What each published body is read as: `file` or `file#name`, and its updates in order as `describeUpdate`
 * (published-bodies.test.ts) words them.
 */
export const published: Readonly<Record<string, readonly string[]>> = {
  "meta/webhooks/button-message.json": ["inbound_message button, opens the window, a no"],
  "meta/webhooks/contact-sharing-message.json": ["inbound_message contacts, opens the window"],
  "meta/webhooks/group-create-message.json": ["ignored group_update"],
  "meta/webhooks/group-remove-participants.json": ["ignored group_update"],
  "meta/webhooks/group-settings-update.json": ["ignored group_update"],
  "meta/webhooks/image-message.json": ["inbound_message image, opens the window"],
  // The title of the tapped button is a listed keyword.
  "meta/webhooks/interactive-button-reply-message.json": [
    "inbound_message interactive, opens the window, a no",
  ],
  "meta/webhooks/interactive-list-reply-message.json": ["inbound_message interactive, opens the window"],
  "meta/webhooks/location-message.json": ["inbound_message location, opens the window"],
  "meta/webhooks/order-message.json": ["inbound_message order, opens the window"],
  "meta/webhooks/reaction-message.json": ["inbound_message reaction, opens the window"],
  "meta/webhooks/system-message.json": ["number_changed waId to waId"],
  "meta/webhooks/text-message-from-click-to-whatsapp-ad.json": [
    "inbound_message text, opens the window, from an ad",
  ],
  "meta/webhooks/text-message-with-context-product-inquiry.json": ["inbound_message text, opens the window"],
  "meta/webhooks/text-message.json": ["inbound_message text, opens the window"],
  "meta/webhooks/unsupported-message.json": ["inbound_message unsupported, opens the window"],

  "pywa/account_update.json#account_deleted": ["account_restriction restricted deleted both"],
  "pywa/account_update.json#account_restriction": [
    "account_restriction restricted restriction business_initiated until 2022-01-04T21:08:18.000Z",
    "ignored restriction_of_other_things",
  ],
  "pywa/account_update.json#account_violation": ["account_restriction warned violation"],
  "pywa/account_update.json#ad_account_linked": ["ignored account_event"],
  "pywa/account_update.json#authentication_international_eligibility": ["ignored account_event"],
  "pywa/account_update.json#account_disabled": ["account_restriction reinstated ban"],
  "pywa/account_update.json#mm_api_for_wa_terms_of_service": ["ignored account_event"],
  "pywa/account_update.json#partner_added": ["ignored account_event"],
  "pywa/account_update.json#partner_app_installed": ["ignored account_event"],
  "pywa/account_update.json#partner_app_uninstalled": ["ignored account_event"],
  "pywa/account_update.json#partner_led_business_verification_status": ["ignored account_event"],
  "pywa/account_update.json#partner_removed": ["ignored account_event"],
  "pywa/account_update.json#partner_removed_wa_app_disconnection": ["ignored account_event"],
  "pywa/account_update.json#primary_business_location_set": ["ignored account_event"],
  "pywa/account_update.json#pricing_tiering_update": ["ignored account_event"],
  "pywa/account_update.json#account_offboarded": ["account_restriction restricted offboarded both"],
  "pywa/account_update.json#account_reconnected": ["account_restriction reinstated offboarded"],

  "pywa/callback_button.json#button": [
    "identity_link waId bsuid parentBsuid",
    "inbound_message interactive, opens the window",
  ],
  "pywa/callback_button.json#quick_reply": [
    "identity_link waId bsuid parentBsuid",
    "inbound_message button, opens the window",
  ],
  "pywa/callback_button.json#quick_reply_without_context": [
    "identity_link waId bsuid parentBsuid",
    "inbound_message button, opens the window",
  ],

  "pywa/message_status.json#sent": ["identity_link waId bsuid parentBsuid", "message_status sent"],
  "pywa/message_status.json#delivered": ["identity_link waId bsuid parentBsuid", "message_status delivered"],
  "pywa/message_status.json#read": ["identity_link waId bsuid parentBsuid", "message_status read"],
  "pywa/message_status.json#played": ["identity_link waId bsuid parentBsuid", "message_status played"],
  "pywa/message_status.json#failed": [
    "identity_link waId bsuid parentBsuid",
    "message_status failed 130472: platform_hold",
  ],
  "pywa/message_status.json#with_tracker": [
    "identity_link waId bsuid parentBsuid",
    "message_status sent with callback data",
  ],
  "pywa/message_status.json#group": ["message_status read in a group"],

  "pywa/system.json#phone_number_change": ["number_changed waId to waId"],
  "pywa/system.json#identity_change": ["ignored system_message"],

  "pywa/template_category_update.json#marketing": ["template_category done marketing"],
  "pywa/template_quality_update.json#yellow": ["template_quality yellow"],
  "pywa/template_status_update.json#approved": ["template_status approved utility"],
  "pywa/template_status_update.json#rejected": ["template_status rejected marketing"],

  "pywa/user_marketing_preferences.json#resume": [
    "identity_link waId bsuid parentBsuid",
    "user_preference resume waId",
  ],
  "pywa/user_marketing_preferences.json#signup": [
    "identity_link waId bsuid parentBsuid",
    "user_preference signup waId",
  ],
};
