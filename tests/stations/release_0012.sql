-- A registry as the release with schema 0012 kept it: each kind of row that a union had by then, with a past.
SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'operator'), true),
    set_config('yz.reason', '上线时的数据', true), set_config('yz.batch', '', true);
INSERT INTO registry_info (one, name, province_code, demonstration) VALUES (1, '青海省户外劳动者驿站', '630000', false);
INSERT INTO regions (code, level, parent_code, names, geom, population, population_year) VALUES
    ('630000', 'province', NULL, '{"zh": "青海省"}', ST_Multi(ST_MakeEnvelope(101.4, 36.4, 102.2, 36.8, 4326)), 5923957, 2020);
INSERT INTO regions (code, level, parent_code, names, geom, population, population_year) VALUES
    ('630200', 'prefecture', '630000', '{"zh": "海东市"}', ST_Multi(ST_MakeEnvelope(101.8, 36.4, 102.2, 36.8, 4326)), 1358471, 2020);
INSERT INTO regions (code, level, parent_code, names, geom, population, population_year) VALUES
    ('630222', 'county', '630200', '{"zh": "民和回族土族自治县", "bo": "དམིན་ཧོ།"}',
     ST_Multi(ST_MakeEnvelope(102.0, 36.4, 102.2, 36.8, 4326)), 326000, 2020);
INSERT INTO sources (code, name, publisher, datum) VALUES ('haidong-2025', '海东市总工会台账', '海东市总工会', 'gcj02');
INSERT INTO staff (login, display_name) VALUES ('wang', '王秀英');
INSERT INTO staff_grants (staff_id, role, region_code) SELECT id, 'editor', '630222' FROM staff WHERE login = 'wang';
INSERT INTO organisations (name, region_code) VALUES ('民和县总工会', '630222');
INSERT INTO stations (names, kind, location, position_quality, address, region_code, hours_expression, hours_words, capacity,
    area_m2, phone, source_id, accepted_cards) SELECT names::jsonb, kind, ST_SetSRID(ST_MakePoint(lon, lat), 4326), 'building',
    '川口镇东大街', '630222', 'Mo-Fr 08:30-17:00', '工作日 8:30—17:00', 12, 35.5, '0972-8520000', id, '{}'
    FROM sources, (VALUES ('{"zh": "川口工会驿站"}', 'union_station', 102.1, 36.6),
        ('{"zh": "史纳骑手之家", "bo": "བཞུགས།"}', 'rider_station', 102.15, 36.55)) AS given (names, kind, lon, lat);
INSERT INTO stations (names, kind, region_code, lifecycle) VALUES ('{"zh": "未定位驿站"}', 'care_station', '630222', 'open');
INSERT INTO amenities (station_id, amenity, value, basis)
    SELECT s.id, a, 'yes', 'listed' FROM stations s, unnest('{drinking_water,microwave,toilet}'::text[]) a WHERE s.location IS NOT NULL;
INSERT INTO partners (station_id, organisation_id, role) SELECT s.id, o.id, 'co_builder' FROM stations s, organisations o LIMIT 1;
INSERT INTO honours (station_id, title, level, year) SELECT id, '最美户外劳动者服务站点', 'national', 2024 FROM stations LIMIT 1;
INSERT INTO hours_exceptions (station_id, starts, ends, reason) SELECT id, '2026-02-16', '2026-02-22', '春节' FROM stations LIMIT 1;
INSERT INTO visits (station_id, period, visits, at_least) SELECT id, '[2025-01-01,2026-01-01)', 4200, true FROM stations LIMIT 1;
INSERT INTO programmes (code, title, regions, year, target, target_is, budget_yuan)
    VALUES ('hd-2026', '2026 年新建 20 个站点', '{630200}', 2026, 20, 'total', 600000.50);
INSERT INTO programme_stations (programme_id, station_id) SELECT p.id, s.id FROM programmes p, stations s WHERE s.kind = 'rider_station';
INSERT INTO coverage_runs (title, question, asked_by)
    SELECT '全省步行 15 分钟', '{"limits": [15]}', id FROM staff WHERE login = 'operator';
-- next transaction
SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'public'), true), set_config('yz.reason', 'report', true);
INSERT INTO reports (station_id, choice, amenity, words, made_at, received_at)
    SELECT id, 'amenity_broken', 'microwave', '微波炉坏了两天', '2026-06-01T12:00+08', '2026-06-01T12:00:05+08' FROM stations LIMIT 1;
