DROP VIEW sales.totals;
DROP TABLE sales.orders, sales.customers, catalog.products;
DROP SCHEMA sales;
DROP SCHEMA catalog;
