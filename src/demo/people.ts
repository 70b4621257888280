/** Numbers that no person has: +1 202 555 01xx is kept for fiction, and so is +44 7700 900xxx (Ofcom). */
export const shopNumber = "+12025550100";

export interface Customer {
  readonly name: string;
  readonly phone: string;
}

const customer = (number: number): Customer => ({
  name: `customer ${number}`,
  phone: `+1202555010${number}`,
});

/** The four people of the story. */
export const byForm = customer(1);
export const byWidget = customer(2);
export const byCheckbox = customer(3);
export const complaining = customer(4);

const peopleCount = 1_000;
const mistyped = 10;

/** The people of the campaign, and how many of them said what before; opt-outs and blocks fall on the first ones. */
export const campaign = {
  people: Array.from({ length: peopleCount }, (_, index) => {
    const digits = String(900_000 + index);
    return { phone: index < peopleCount - mistyped ? `+447700${digits}` : `+44${digits.slice(-2)}` };
  }),
  optedIn: 900,
  optedOut: 60,
  blocked: 20,
  mistyped,
} as const;
