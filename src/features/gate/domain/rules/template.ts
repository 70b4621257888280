import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** The template is registered and approved in this language. An unknown status is not an approval. */
export const template: Rule = {
  name: "template",
  judge: ({ question, facts: { template } }) => {
    if (question.message.kind !== "template") return notApplicable;
    if (template === null) return fail("template_unknown");
    switch (template.status) {
      case "approved":
        return pass;
      case "paused":
        return fail("template_paused", [template.id]);
      case "disabled":
        return fail("template_disabled", [template.id]);
      default:
        return fail("template_not_approved", [template.id]);
    }
  },
};
