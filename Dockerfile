# The plant's own image: one for web, worker, beat and watcher; the command says which.
FROM python:3.13-slim-bookworm AS packages
# The image brings the solver that proves small steps of a plan, too.
COPY requirements.lock requirements-exact.lock /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir -q -r /tmp/requirements.lock -r /tmp/requirements-exact.lock

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 jis \
 && useradd --uid 10001 --gid jis --home-dir /srv/jis --no-create-home --shell /usr/sbin/nologin jis \
 && install -d -o jis -g jis /srv/static /var/lib/jis \
 # Root's, as sshd demands of everything above a chroot; the partners' folders in it are made by the SFTP door.
 && install -d -o root -g root -m 0755 /srv/jis /var/lib/jis/spool
COPY --from=packages /opt/venv /opt/venv
COPY --chown=root:root . /srv/jis
WORKDIR /srv/jis
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    JIS_PRODUCTION=1 JIS_VAR=/var/lib/jis JIS_SPOOL=/var/lib/jis/spool JIS_STATIC=/srv/static \
    JIS_SECRETS=/etc/jis/secrets NUMBA_CACHE_DIR=/srv/loops
# The values live for these commands: collecting files and compiling need settings that load, not a plant.
RUN export JIS_SECRET_KEY=only-to-build JIS_HOSTS=localhost REDIS_URL=redis://localhost/0 \
 && python manage.py collectstatic --noinput --verbosity 0 \
 # A run is not kept waiting half a minute. Numba reads a folder only where it may write: another user may, too.
 && python manage.py compile_loops \
 && chown -R jis:jis /srv/static /srv/loops && chmod -R a+rwX /srv/loops
USER jis
VOLUME /var/lib/jis/spool
EXPOSE 8000
CMD ["uvicorn", "sequencer.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "3"]
