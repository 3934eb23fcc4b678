from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def count_what_ended(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Begin with the messages whose rows are there."""
    deliveries = apps.get_model("platforms", "Delivery").objects.order_by()
    over = deliveries.filter(state__in=("sent", "given_up", "dropped"))
    counted = over.values_list("channel__kind", "state").annotate(messages=models.Count("pk"))
    totals = apps.get_model("platforms", "DeliveryTotal")
    totals.objects.bulk_create(
        totals(channel_kind=kind, outcome=state, messages=messages)
        for kind, state, messages in counted
    )


class Migration(migrations.Migration):

    dependencies = [
        ('platforms', '0008_notices_by_what_they_are_about'),
    ]

    operations = [
        migrations.CreateModel(
            name='DeliveryTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel_kind', models.CharField(choices=[('mail', 'E-mail, through the mail server of this installation'), ('service', 'Messenger, webhook or another service, by its address')], editable=False, max_length=16)),
                ('outcome', models.CharField(choices=[('collecting', 'waiting'), ('sending', 'being sent'), ('retrying', 'to be tried again'), ('sent', 'sent'), ('given_up', 'given up'), ('dropped', 'dropped')], editable=False, max_length=16)),
                ('messages', models.PositiveBigIntegerField(default=0, editable=False)),
            ],
            options={
                'verbose_name': 'count of deliveries',
                'verbose_name_plural': 'counts of deliveries',
                'constraints': [models.UniqueConstraint(fields=('channel_kind', 'outcome'), name='delivery_total_once')],
            },
        ),
        migrations.RunPython(count_what_ended, migrations.RunPython.noop),
    ]
