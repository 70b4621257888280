import { covers, templateCategory } from "../category.ts";
import { fail, pass, type Rule } from "./rule.ts";

/** The purpose exists and people who agreed to it agreed to messages of this category. */
export const purpose: Rule = {
  name: "purpose",
  judge: ({ question, facts: { purpose, template }, facts }) => {
    if (purpose === null || purpose.key !== question.purpose) return fail("purpose_unknown");
    if (covers(purpose.category, templateCategory(question, facts) ?? purpose.category)) return pass;
    return fail("purpose_category_mismatch", template === null ? [] : [template.id]);
  },
};
