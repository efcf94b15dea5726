# SPDX-License-Identifier: Apache-2.0
# Installs the data types alone into a fresh prefix and builds the examples against them, as a
# stranger would.
# Variables: SOURCE, WORK (emptied), GENERATOR, COMPILER.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${status}): ${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
set(common -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/library ${common}
    -DTRIBUTARY_CRDT_ONLY=ON -DTRIBUTARY_TESTS=OFF)
run(${CMAKE_COMMAND} --build ${WORK}/library)
run(${CMAKE_COMMAND} --install ${WORK}/library --prefix ${WORK}/prefix)

# A copy, so that nothing of the source tree is in reach; moved, so that the package may be.
file(COPY ${SOURCE}/crdt/examples/ DESTINATION ${WORK}/project)
file(RENAME ${WORK}/prefix ${WORK}/moved)
run(${CMAKE_COMMAND} -S ${WORK}/project -B ${WORK}/build ${common} -DCMAKE_PREFIX_PATH=${WORK}/moved
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror")
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure)
message(STATUS "installed, found and used")
