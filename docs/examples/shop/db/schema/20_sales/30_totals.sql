CREATE VIEW sales.totals AS
SELECT o.customer_id, sum(o.quantity * p.price_cents) AS total_cents
FROM sales.orders o
JOIN catalog.products p USING (sku)
GROUP BY o.customer_id;
