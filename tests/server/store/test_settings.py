"""Settings that outlive the process, in both databases."""


def test_settings_come_back_as_they_were_put(store):
    values = {"interval": 30, "ratio": 0.5, "names": ["a", None, {"b": True}], "text": "é\0"}
    for key, value in values.items():
        store.put_setting(key, value)
    assert store.get_settings() == values


def test_a_setting_put_again_is_overwritten(store):
    store.put_setting("interval", 30)
    store.put_setting("interval", 60)
    assert store.get_settings() == {"interval": 60}
