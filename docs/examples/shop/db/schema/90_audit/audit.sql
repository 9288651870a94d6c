CREATE SCHEMA audit;

CREATE TABLE audit.changes (
    at timestamptz NOT NULL DEFAULT now(),
    by text NOT NULL DEFAULT current_user,
    what jsonb NOT NULL
);

CREATE FUNCTION audit.note_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.changes (what)
    VALUES (jsonb_build_object('table', TG_TABLE_NAME, 'op', TG_OP, 'new', to_jsonb(NEW)));
    RETURN NEW;
END;
$$;

CREATE TRIGGER note_price AFTER UPDATE OF price_cents ON catalog.products
    FOR EACH ROW EXECUTE FUNCTION audit.note_change();
