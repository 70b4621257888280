/** Spellings that name one number, and the one form that all of them are matched by. */
export interface SameNumber {
  readonly guarantee: string;
  readonly canonical: string;
  readonly spellings: readonly string[];
}

export const sameNumbers: readonly SameNumber[] = [
  {
    guarantee: "spaces, brackets, hyphens and foreign digits change nothing",
    canonical: "+12025550123",
    spellings: ["+12025550123", "+1 (202) 555-0123", " +1-202-555-0123 ", "＋12025550123", "+1٢٠٢٥٥٥٠١٢٣"],
  },
  {
    guarantee: "a national prefix in brackets changes nothing",
    canonical: "+447700900123",
    spellings: ["+447700900123", "+44 (0)7700 900123"],
  },
  {
    guarantee: "an Italian landline keeps its zero",
    canonical: "+390612345678",
    spellings: ["+39 06 1234 5678"],
  },
  {
    guarantee: "an Argentine mobile is the same with the 9, without it, and with the old 15",
    canonical: "+541123456789",
    spellings: ["+5491123456789", "+541123456789", "+54 11 15 2345-6789", "+54 9 11 15 2345-6789"],
  },
  {
    guarantee: "an Argentine mobile of the provinces is the same with the 9, without it, and with the old 15",
    canonical: "+542214234567",
    spellings: ["+54 9 221 423-4567", "+54 221 423-4567", "+54 (0221) 15 423-4567"],
  },
  {
    guarantee: "an Argentine mobile with a long area code is the same in all three spellings too",
    canonical: "+542966623456",
    spellings: ["+54 9 2966 62-3456", "+54 2966 62-3456", "+54 2966 15 62-3456"],
  },
  {
    guarantee: "a Mexican number is the same with the old 1 and without it",
    canonical: "+525512345678",
    spellings: ["+5215512345678", "+525512345678", "+52 1 55 1234 5678"],
  },
  {
    guarantee: "a Brazilian mobile is the same with the ninth digit and without it",
    canonical: "+5511961234567",
    spellings: ["+5511961234567", "+551161234567", "+55 (11) 6123-4567", "+55 011 96123-4567"],
  },
  {
    guarantee: "a Brazilian mobile that began with 7 got its ninth digit too",
    canonical: "+5561978123456",
    spellings: ["+55 61 97812-3456", "+55 61 7812-3456"],
  },
  {
    guarantee: "a Brazilian landline that begins with 2 gets no ninth digit",
    canonical: "+551123456789",
    spellings: ["+551123456789", "+55 (11) 2345-6789"],
  },
  {
    guarantee: "a Brazilian landline that begins with 5 gets no ninth digit",
    canonical: "+551151234567",
    spellings: ["+55 11 5123-4567"],
  },
];

/** Texts that are no number of anybody, and why. */
export const noNumbers: readonly (readonly [reason: string, text: string])[] = [
  ["no country code", "89161234567"],
  ["no country code, with 00", "0012025550123"],
  ["too short for its country", "+1202555012"],
  ["too long for its country", "+120255501234"],
  ["no such country code", "+999123456789"],
  ["zeros", "+0000"],
  ["its trunk prefix twice", "+44 00 7700 90012"],
  ["an extension", "+1 202 555 0123 ext 5"],
  ["a URL", "tel:+12025550123"],
  ["letters after it", "+12025550123abc"],
  ["letters before it", "call +12025550123"],
  ["nothing", ""],
  ["a plus alone", "+"],
  ["NUL", "+1202\u00005550123"],
  ["an emoji", "+1202555012😀"],
  ["half a surrogate pair", "+1202555012\ud83d"],
  ["more than forty characters", `+1202555${" ".repeat(40)}0123`],
  ["a hundred thousand digits", `+1${"2".repeat(100_000)}`],
];
