-- A node that may not migrate can at least see whether the schema is old, and say so instead of failing later.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailward_service') THEN
        GRANT SELECT ON _sqlx_migrations TO mailward_service;
    END IF;
END
$$;
