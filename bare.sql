\set id random(0,999)
UPDATE bare SET value = :id + 1 WHERE id = :id;
