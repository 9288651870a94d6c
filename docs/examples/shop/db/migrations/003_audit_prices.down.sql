DROP TRIGGER note_price ON catalog.products;
DROP SCHEMA audit CASCADE;
