CREATE TABLE catalog.products (
    sku text PRIMARY KEY CHECK (sku ~ '^[A-Z]{2}-[0-9]{4}$'),
    title text NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents >= 0)
);

COMMENT ON TABLE catalog.products IS 'What can be bought';
