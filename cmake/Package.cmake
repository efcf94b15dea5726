# SPDX-License-Identifier: Apache-2.0
# What stands beside the program once it is installed (unit, conffile, manual, completions, profile for a broker), and
# `cpack -G DEB`, which makes a package of it. The component is "runtime"; the data types' headers are not in it.
set(docs_dir ${CMAKE_CURRENT_BINARY_DIR}/manual)
find_program(GZIP gzip REQUIRED)
add_custom_command(OUTPUT ${docs_dir}/done
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${docs_dir}
  COMMAND tributary man ${docs_dir}/man
  COMMAND ${GZIP} -9nr ${docs_dir}/man
  COMMAND tributary completion bash > ${docs_dir}/tributary
  COMMAND tributary completion zsh > ${docs_dir}/_tributary
  COMMAND tributary completion fish > ${docs_dir}/tributary.fish
  COMMAND ${CMAKE_COMMAND} -E touch ${docs_dir}/done
  DEPENDS tributary VERBATIM)
add_custom_target(manual ALL DEPENDS ${docs_dir}/done)

install(DIRECTORY ${docs_dir}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime FILES_MATCHING PATTERN "*.1.gz")
install(DIRECTORY ${docs_dir}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT runtime FILES_MATCHING PATTERN "*.5.gz")
install(FILES ${docs_dir}/tributary DESTINATION share/bash-completion/completions COMPONENT runtime)
install(FILES ${docs_dir}/_tributary DESTINATION share/zsh/vendor-completions COMPONENT runtime)
install(FILES ${docs_dir}/tributary.fish DESTINATION share/fish/vendor_completions.d COMPONENT runtime)
install(FILES config/mosquitto.conf config/gateway.toml docs/operations.md docs/security.md packaging/debian/copyright
  DESTINATION share/doc/tributary COMPONENT runtime)
install(FILES packaging/systemd/tributary.sysusers DESTINATION lib/sysusers.d RENAME tributary.conf COMPONENT runtime)

# Below /usr, configuration is in /etc and units are in /lib (as Debian 12 has it); elsewhere all of it is below the prefix.
install(CODE "
  set(unit_dir \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")
  set(SYSCONFDIR \"\${CMAKE_INSTALL_PREFIX}/etc\")
  set(BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
    set(unit_dir /lib/systemd/system)
    set(SYSCONFDIR /etc)
  endif()
  configure_file(\"${CMAKE_CURRENT_SOURCE_DIR}/packaging/systemd/tributary.service.in\"
                 \"${CMAKE_CURRENT_BINARY_DIR}/unit/tributary.service\" @ONLY)
  file(INSTALL DESTINATION \"\${unit_dir}\" TYPE FILE FILES \"${CMAKE_CURRENT_BINARY_DIR}/unit/tributary.service\")
  file(INSTALL DESTINATION \"\${SYSCONFDIR}/tributary\" TYPE FILE FILES \"${CMAKE_CURRENT_SOURCE_DIR}/packaging/gateway.toml\")
" COMPONENT runtime)

configure_file(packaging/debian/changelog.in ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog @ONLY)
execute_process(COMMAND ${GZIP} -9nkf ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog.gz DESTINATION share/doc/tributary COMPONENT runtime)

# Packing takes what was built; it does not build every test first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL runtime)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME tributary)
set(CPACK_DEBIAN_RUNTIME_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_NAME tributary)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Tributary authors <tributary@users.noreply.github.com>")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION net)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Devices publish counters, sets and registers that only grow; several gateways
hear the same device and make the totals right, each operation counted exactly
once on every gateway, over links that lose packets and power that fails.

This package holds the gateway, its command line and its dashboard.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "mosquitto (>= 2.0)")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "systemd-timesyncd | time-daemon")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  "${CMAKE_CURRENT_SOURCE_DIR}/packaging/debian/conffiles;${CMAKE_CURRENT_SOURCE_DIR}/packaging/debian/postinst;${CMAKE_CURRENT_SOURCE_DIR}/packaging/debian/prerm;${CMAKE_CURRENT_SOURCE_DIR}/packaging/debian/postrm")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
