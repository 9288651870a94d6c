INSERT INTO sales.customers (id, email, given_name, family_name) VALUES
    (1, 'ada@example.com', 'Ada', 'Lovelace'),
    (2, 'grace@example.com', 'Grace', 'Hopper');

INSERT INTO sales.orders (customer_id, sku, quantity) VALUES
    (1, 'JA-0001', 3),
    (1, 'HO-0001', 1),
    (2, 'JA-0002', 2);

SELECT setval(pg_get_serial_sequence('sales.customers', 'id'), 2);
