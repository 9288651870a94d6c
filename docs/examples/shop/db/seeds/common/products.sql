COPY catalog.products (sku, title, price_cents) FROM stdin;
JA-0001	Strawberry jam	490
JA-0002	Apricot jam	450
HO-0001	Honey	890
\.
