-- Publishes a draft; true where there was one to publish.
CREATE FUNCTION publish_post(post bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET state = 'published', published_at = now()
    WHERE id = post AND state = 'draft';
    RETURN FOUND;
END;
$$;
