/**
 * Laws whose terms were taken from others' accounts and not from the law itself. A data request is counted under one of
 * them only for an organization that has switched it on.
 */
export const secondaryRegimes = ["lgpd", "pipeda", "kvkk", "ch-fadp", "za-popia", "ua-2297"] as const;
