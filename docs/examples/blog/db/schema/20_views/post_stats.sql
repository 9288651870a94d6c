CREATE VIEW post_stats AS
SELECT p.id, p.title, u.username AS author, count(c.id) AS comments
FROM posts p
JOIN users u ON u.id = p.author_id
LEFT JOIN comments c ON c.post_id = p.id
GROUP BY p.id, p.title, u.username;
