"""A month of an invented hospital (演示数据): encounters, findings, doctors' answers, decisions and appeals."""
