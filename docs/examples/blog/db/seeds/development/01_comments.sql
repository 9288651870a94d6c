INSERT INTO comments (post_id, author_id, content) VALUES
    (1, 3, 'Thank you.'),
    (1, 2, 'More to come.');
