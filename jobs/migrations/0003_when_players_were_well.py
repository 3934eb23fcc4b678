from django.db import migrations, models
from django.db.models import F


def remember_the_well(apps, schema_editor):
    """Of a run that goes on its begin is known; of one that is over nothing was kept."""
    apps.get_model("jobs", "Track").objects.filter(bad=False).update(well_slot=F("since_slot"))


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0002_when_metrics_were_found'),
    ]

    operations = [
        migrations.AddField(
            model_name='clock',
            name='known_before',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='track',
            name='bad_from',
            field=models.FloatField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='track',
            name='well_slot',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(remember_the_well, migrations.RunPython.noop),
    ]
