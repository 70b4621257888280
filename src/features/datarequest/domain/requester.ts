/** In what capacity somebody asks for a person's data: themself, or by a right to act for them. */
export const requesterCapacities = ["self", "parent", "guardian", "attorney", "agent", "heir"] as const;

export type RequesterCapacity = (typeof requesterCapacities)[number];
