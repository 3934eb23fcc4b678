from django.db import migrations


def normalise(apps, schema_editor):
    """A job stays the version that it is: its schedule means what it meant.

    Automatic names that have the words of one follow when names are next kept in step.
    """
    jobs = apps.get_model("jobs", "Job").objects
    for pk, cron in jobs.exclude(cron="").values_list("pk", "cron"):
        normal = " ".join(cron.upper().split())
        if normal != cron:
            jobs.filter(pk=pk, cron=cron).update(cron=normal)


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0003_when_players_were_well'),
    ]

    operations = [
        migrations.RunPython(normalise, migrations.RunPython.noop),
    ]
