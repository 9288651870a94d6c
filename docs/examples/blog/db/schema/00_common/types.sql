-- Types that tables use come first.
CREATE TYPE post_state AS ENUM ('draft', 'published', 'archived');
