import { unknownCountry } from "../../../../kernel/identifier.ts";
import { readInstant } from "../instants.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * The policy closes none of the countries of the person's numbers for the category, or has opened it again for a time.
 * While any is closed, a person whose country is not known may be there.
 */
export const destination: Rule = {
  name: "destination",
  judge: ({ policy, facts: { recipient }, category, now }) => {
    const isAbout = ({ categories }: { readonly categories: readonly string[] }): boolean =>
      category !== null && categories.includes(category);
    const closed = policy.closedDestinations.filter(isAbout);
    if (closed.length === 0) return notApplicable;
    const opened = policy.openedDestinations.filter(
      (opening) => isAbout(opening) && now < readInstant(opening.until),
    );
    const shut = closed
      .map(({ country }) => country)
      .filter((c) => !opened.some(({ country }) => country === c));
    const { countries } = recipient;
    const mayBeThere =
      countries.length === 0 || countries.some((c) => c === unknownCountry || shut.includes(c));
    return shut.length > 0 && mayBeThere ? fail("destination_restricted") : pass;
  },
};
