-- What a standing no may say its purpose is, to be one to this purpose: the purpose itself, everything, or everything of
-- its category.
create function no_purposes(p_organization uuid, p_purpose text) returns text[] language sql stable as $$
  select case when exists (select from purpose p
      where p.organization_id = p_organization and p.key = p_purpose and p.category = 'marketing')
    then array['*', p_purpose, '*marketing'] else array['*', p_purpose] end
$$;
